import { param, setParams } from '../app/router.js';

/** Through a list page by page; the cursor is in the address. */
export function Pager({ next, name = 'cursor' }: { next: string | null; name?: string }) {
  const isLater = param(name) !== null;
  if (next === null && !isLater) return null;
  return (
    <div class="row more">
      {isLater && (
        <button type="button" class="button" onClick={() => setParams({ [name]: null })}>
          Newest
        </button>
      )}
      {next !== null && (
        <button type="button" class="button" onClick={() => setParams({ [name]: next })}>
          Older
        </button>
      )}
    </div>
  );
}
