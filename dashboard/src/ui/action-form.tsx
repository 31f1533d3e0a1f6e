import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';
import { useAction } from './confirm.js';
import { Failure } from './loaded.js';

interface ActionFormProps {
  /** Of the button that sends it. */
  label: string;
  act: (data: FormData) => Promise<void>;
  children: ComponentChildren;
}

/** A form that does something, which may fail: then it says why and stays as it was filled in. */
export function ActionForm({ label, act, children }: ActionFormProps) {
  const form = useRef<HTMLFormElement>(null);
  const action = useAction(() => act(new FormData(form.current!)));
  return (
    <form
      ref={form}
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        action.run();
      }}
    >
      {children}
      {action.error !== null && <Failure error={action.error} />}
      <div class="row">
        <button type="submit" class="button primary" disabled={action.isBusy}>
          {label}
        </button>
      </div>
    </form>
  );
}
