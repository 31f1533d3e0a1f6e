import { useSignal } from '@preact/signals';
import { api } from '../api/client.js';
import { refresh } from '../api/query.js';
import type { Schema } from '../api/types.js';
import { ActionForm } from '../ui/action-form.js';
import { Confirm } from '../ui/confirm.js';
import { Dialog } from '../ui/dialog.js';
import { textOf } from '../ui/form.js';
import { Show } from '../ui/loaded.js';
import { allOf, type Filter, type Narrowing } from './filter.js';
import { useSegments } from './segments.js';
import { sentence } from './words.js';

type Segment = Schema<'SavedSegmentResponse'>;

export interface SegmentDialogProps {
  which: 'save' | 'manage';
  narrowing: Narrowing;
  onChange: (next: Narrowing) => void;
  onClose: () => void;
}

export default function SegmentDialog(props: SegmentDialogProps) {
  return props.which === 'save' ? <Save {...props} /> : <Manage {...props} />;
}

/** What is asked for gets a name, and is asked for by it from then on. */
function Save({ narrowing, onChange, onClose }: SegmentDialogProps) {
  const { data } = useSegments();
  const current = data?.data.find(({ id, name }) => id === narrowing.segment || name === narrowing.segment);
  const filter = allOf(current?.filters as Filter | undefined, narrowing.filter);
  const save = async (form: FormData) => {
    const { name } = await api.post('/segments', { body: { name: textOf(form, 'name'), filters: filter ?? {} } });
    await refresh('/segments');
    onClose();
    onChange({ filter: undefined, segment: name });
  };
  return (
    <Dialog title="Save as segment" onClose={onClose}>
      <p class="break">{filter !== undefined && sentence(filter)}</p>
      <ActionForm label="Save" act={save}>
        <label class="field">
          Name
          <input name="name" required maxLength={255} autocomplete="off" placeholder="Paying customers" />
        </label>
      </ActionForm>
    </Dialog>
  );
}

function Manage({ narrowing, onChange, onClose }: SegmentDialogProps) {
  const loaded = useSegments();
  const isCurrent = ({ id, name }: Segment) => narrowing.segment === id || narrowing.segment === name;
  return (
    <Dialog title="Segments" onClose={onClose} wide>
      <Show loaded={loaded}>
        {({ data }) =>
          data.length === 0 ? (
            <p class="muted">None is left. Choose a filter and save it as a segment.</p>
          ) : (
            <table class="rows">
              <tbody>
                {data.map((segment) => (
                  <Row
                    key={segment.id}
                    segment={segment}
                    onRenamed={(name) => isCurrent(segment) && onChange({ ...narrowing, segment: name })}
                    onDeleted={() => isCurrent(segment) && onChange({ ...narrowing, segment: undefined })}
                  />
                ))}
              </tbody>
            </table>
          )
        }
      </Show>
    </Dialog>
  );
}

interface RowProps {
  segment: Segment;
  onRenamed: (name: string) => void;
  onDeleted: () => void;
}

function Row({ segment: { id, name, filters }, onRenamed, onDeleted }: RowProps) {
  const isRenaming = useSignal(false);
  const rename = async (form: FormData) => {
    const changed = await api.patch('/segments/{id}', { path: { id }, body: { name: textOf(form, 'name') } });
    isRenaming.value = false;
    await refresh('/segments', '/analytics');
    onRenamed(changed.name);
  };
  const remove = async () => {
    await api.delete('/segments/{id}', { path: { id } });
    await refresh('/segments', '/analytics');
    onDeleted();
  };
  return (
    <tr>
      <td class="break">
        {isRenaming.value ? (
          <ActionForm label="Rename" act={rename}>
            <input name="name" aria-label={`New name of ${name}`} required maxLength={255} value={name} />
          </ActionForm>
        ) : (
          <b>{name}</b>
        )}
        <div class="muted">{sentence(filters as Filter)}</div>
      </td>
      <td class="number">
        <div class="row actions">
          <button
            type="button"
            class="button end"
            aria-label={`Rename ${name}`}
            onClick={() => (isRenaming.value = !isRenaming.value)}
          >
            Rename
          </button>
          <Confirm label="Delete" name={`Delete ${name}`} question={`Delete the segment “${name}”?`} act={remove} />
        </div>
      </td>
    </tr>
  );
}
