import type { ComponentChildren } from 'preact';
import type { ApiError } from '../api/client.js';
import type { Loaded } from '../api/query.js';
import { clock } from './format.js';

export function Failure({ error, retry }: { error: ApiError; retry?: () => void }) {
  return (
    <div class="failure" role="alert">
      <p>{error.message}</p>
      {error.errors.length > 0 && (
        <ul>
          {error.errors.map(({ path, message }) => (
            <li key={path}>
              <code>{path}</code> {message}
            </li>
          ))}
        </ul>
      )}
      {retry !== undefined && (
        <button type="button" class="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

interface ShowProps<T> {
  loaded: Loaded<T>;
  children: (data: T) => ComponentChildren;
}

/** Old numbers stay, dimmed, until the new ones are there; what fails says so and leaves the rest alone. */
export function Show<T>({ loaded, children }: ShowProps<T>) {
  const { data, error, isOld, retry, asOf } = loaded;
  if (data === undefined) {
    if (error !== null) return <Failure error={error} retry={retry} />;
    return <div class="skeleton" aria-busy="true" />;
  }
  return (
    <div class={isOld ? 'dimmed' : undefined} aria-busy={isOld}>
      {error !== null && (
        <p class="stale" role="status">
          As of {clock(asOf)}: {error.message}
        </p>
      )}
      {children(data)}
    </div>
  );
}

interface PanelProps {
  title: string;
  actions?: ComponentChildren;
  footer?: ComponentChildren;
  class?: string;
  children: ComponentChildren;
}

export function Panel({ title, actions, footer, class: classes = '', children }: PanelProps) {
  return (
    <section class={`card ${classes}`} aria-label={title}>
      <div class="card-head">
        <h2>{title}</h2>
        {actions}
      </div>
      {children}
      {footer !== undefined && <div class="card-foot">{footer}</div>}
    </section>
  );
}
