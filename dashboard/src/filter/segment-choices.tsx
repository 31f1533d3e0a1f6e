import { may } from '../app/session.js';
import { Failure } from '../ui/loaded.js';
import { closePopover } from '../ui/popover.js';
import type { Narrowing } from './filter.js';
import { useSegments } from './segments.js';

export interface SegmentChoicesProps {
  narrowing: Narrowing;
  canSave: boolean;
  onChange: (next: Narrowing) => void;
  onOpen: (dialog: 'save' | 'manage') => void;
}

/** What is in the menu of segments. */
export default function SegmentChoices({ narrowing, canSave, onChange, onOpen }: SegmentChoicesProps) {
  const { data, error } = useSegments();
  const segments = [...(data?.data ?? [])].sort((a, b) => a.name.localeCompare(b.name));
  const isCurrent = ({ id, name }: { id: string; name: string }) =>
    narrowing.segment === id || narrowing.segment?.toLowerCase() === name.toLowerCase();
  const open = (which: 'save' | 'manage') => (event: { currentTarget: HTMLElement }) => {
    closePopover(event.currentTarget);
    onOpen(which);
  };
  return (
    <>
      {error !== null && <Failure error={error} />}
      {data !== undefined && segments.length === 0 && <p class="muted">No segment is saved yet.</p>}
      {segments.length > 0 && (
        <ul class="menu">
          {segments.map((segment) => (
            <li key={segment.id}>
              <button
                type="button"
                aria-pressed={isCurrent(segment)}
                onClick={(event) => {
                  closePopover(event.currentTarget);
                  onChange({ ...narrowing, segment: isCurrent(segment) ? undefined : segment.name });
                }}
              >
                <span class="ellipsis">{segment.name}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
      {canSave && may('admin') && (
        <div class="row">
          <button type="button" class="button" disabled={narrowing.filter === undefined} onClick={open('save')}>
            Save as segment
          </button>
          {segments.length > 0 && (
            <button type="button" class="button" onClick={open('manage')}>
              Manage
            </button>
          )}
        </div>
      )}
    </>
  );
}
