import { useSignal } from '@preact/signals';
import { ApiError } from '../../api/client.js';
import { signIn } from '../../app/session.js';
import { textOf } from '../../ui/form.js';
import { Failure } from '../../ui/loaded.js';

export default function SignIn() {
  const error = useSignal<ApiError | null>(null);
  const isBusy = useSignal(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const key = textOf(form, 'key');
    isBusy.value = true;
    try {
      await signIn(key);
    } catch (thrown) {
      if (!(thrown instanceof ApiError)) throw thrown;
      error.value = thrown;
    } finally {
      isBusy.value = false;
    }
  };
  return (
    <main class="sign-in">
      <form class="card stack" onSubmit={(event) => void submit(event)}>
        <h1>Tidemark</h1>
        <label class="field">
          API key
          <input
            type="password"
            name="key"
            required
            autocomplete="current-password"
            spellcheck={false}
            placeholder="tmk_…"
          />
        </label>
        {error.value !== null && <Failure error={error.value} />}
        <button type="submit" class="button primary" disabled={isBusy.value}>
          Sign in
        </button>
        <p class="muted">
          The key is sent once and not kept in this browser. You see what it may see, for as long as it may.
        </p>
      </form>
    </main>
  );
}
