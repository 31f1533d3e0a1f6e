import { useSignal } from '@preact/signals';
import { lazy } from '../ui/lazy.js';
import { Popover } from '../ui/popover.js';
import type { Narrowing } from './filter.js';
import type { SegmentChoicesProps } from './segment-choices.js';
import type { SegmentDialogProps } from './segment-dialogs.js';

const SegmentChoices = lazy<SegmentChoicesProps>(() => import('./segment-choices.js'));
const SegmentDialog = lazy<SegmentDialogProps>(() => import('./segment-dialogs.js'));

interface MenuProps {
  narrowing: Narrowing;
  suffix: string;
  /** Whether what is asked for may be saved, and what is saved be changed. */
  canSave: boolean;
  onChange: (next: Narrowing) => void;
}

/** Chooses a saved segment; whoever administers the tenant also saves, renames and deletes them. */
export function SegmentMenu({ suffix, ...menu }: MenuProps) {
  const dialog = useSignal<'save' | 'manage' | null>(null);
  return (
    <>
      <Popover label="Segment" name={`Segment${suffix}`}>
        <SegmentChoices {...menu} onOpen={(which) => (dialog.value = which)} />
      </Popover>
      {dialog.value !== null && <SegmentDialog which={dialog.value} {...menu} onClose={() => (dialog.value = null)} />}
    </>
  );
}
