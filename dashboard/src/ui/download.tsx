import type { ComponentChildren } from 'preact';
import { addressOf, send, tenantId } from '../api/client.js';
import type { RequestOptions } from '../api/client.js';
import { useAction } from './confirm.js';
import { Failure } from './loaded.js';

interface DownloadProps {
  path: string;
  query: RequestOptions['query'] & object;
  class: string;
  onStart?: (button: Element) => void;
  children: ComponentChildren;
}

/**
 * Saves what the API answers as a file. A link does, which the browser streams to the disk; but no link can say that a
 * platform key looks at another tenant, so that file is fetched first.
 */
export function Download({ path, query, class: classes, onStart, children }: DownloadProps) {
  const action = useAction(async () => save(await send('get', path, { query })));
  if (tenantId.value === null) {
    return (
      <a class={classes} download href={addressOf(path, { query })} onClick={(event) => onStart?.(event.currentTarget)}>
        {children}
      </a>
    );
  }
  return (
    <>
      <button type="button" class={classes} disabled={action.isBusy} onClick={action.run}>
        {children}
      </button>
      {action.error !== null && <Failure error={action.error} />}
    </>
  );
}

async function save(response: Response): Promise<void> {
  const [, name = 'export'] = /filename="?([^";]+)/.exec(response.headers.get('content-disposition') ?? '') ?? [];
  const href = URL.createObjectURL(await response.blob());
  Object.assign(document.createElement('a'), { href, download: name }).click();
  URL.revokeObjectURL(href);
}
