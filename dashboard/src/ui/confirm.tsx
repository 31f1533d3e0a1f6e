import { useSignal } from '@preact/signals';
import { ApiError } from '../api/client.js';
import { Dialog } from './dialog.js';
import { Failure } from './loaded.js';

interface ConfirmProps {
  label: string;
  /** Of the button, where its text is not enough. */
  name?: string;
  question: string;
  act: () => Promise<void>;
  isDanger?: boolean;
}

/** A button for what cannot be taken back: it asks first. */
export function Confirm({ label, name, question, act, isDanger = true }: ConfirmProps) {
  const isOpen = useSignal(false);
  const action = useAction(async () => {
    await act();
    isOpen.value = false;
  });
  return (
    <>
      <button
        type="button"
        class={`button ${isDanger ? 'danger' : ''}`}
        aria-label={name}
        onClick={() => (isOpen.value = true)}
      >
        {label}
      </button>
      {isOpen.value && (
        <Dialog title={question} onClose={() => (isOpen.value = false)}>
          {action.error !== null && <Failure error={action.error} />}
          <div class="row">
            <button
              type="button"
              class={`button ${isDanger ? 'danger' : 'primary'}`}
              disabled={action.isBusy}
              onClick={action.run}
            >
              {label}
            </button>
            <button type="button" class="button" onClick={() => (isOpen.value = false)}>
              Cancel
            </button>
          </div>
        </Dialog>
      )}
    </>
  );
}

/** Something the user does that may fail, once at a time. */
export function useAction(act: () => Promise<void>): { run: () => void; isBusy: boolean; error: ApiError | null } {
  const isBusy = useSignal(false);
  const error = useSignal<ApiError | null>(null);
  const run = async () => {
    if (isBusy.value) return;
    isBusy.value = true;
    error.value = null;
    try {
      await act();
    } catch (thrown) {
      if (!(thrown instanceof ApiError)) throw thrown;
      error.value = thrown;
    } finally {
      isBusy.value = false;
    }
  };
  return { run: () => void run(), isBusy: isBusy.value, error: error.value };
}
