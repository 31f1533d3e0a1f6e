/** A value as indented JSON, for reading. */
export function Json({ value, label = 'JSON' }: { value: unknown; label?: string }) {
  return (
    <pre class="json" tabIndex={0} role="region" aria-label={label}>
      {JSON.stringify(value, null, 2)}
    </pre>
  );
}
