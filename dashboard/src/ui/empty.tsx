import { useSignal } from '@preact/signals';

/** The curl line works when pasted, once $KEY holds a key that may write. */
export function curlLine(path: string, body: object): string {
  const json = JSON.stringify(body).replaceAll("'", String.raw`'\''`);
  return `curl -s '${location.origin}/api/v1${path}' -H "X-API-Key: $KEY" -H 'Content-Type: application/json' -d '${json}'`;
}

export function FirstEvent() {
  const body = { event_type: 'page_view', user_id: 'u-1', payload: { path: '/' } };
  return (
    <Empty
      title="No events in this range"
      text="Send the first one; it shows up here within a second. $KEY is an API key that may write."
      line={curlLine('/events/ingest', body)}
    />
  );
}

export function Empty({ title, text, line }: { title: string; text: string; line?: string }) {
  return (
    <div class="empty">
      <h3>{title}</h3>
      <p>{text}</p>
      {line !== undefined && <Copyable text={line} />}
    </div>
  );
}

/** Text to be pasted elsewhere, and a button that copies it. */
export function Copyable({ text, label = 'Copy' }: { text: string; label?: string }) {
  const copied = useSignal(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    copied.value = true;
  };
  return (
    <div class="copyable">
      <pre tabIndex={0}>{text}</pre>
      <button type="button" class="button" onClick={() => void copy()}>
        {copied.value ? 'Copied' : label}
      </button>
    </div>
  );
}
