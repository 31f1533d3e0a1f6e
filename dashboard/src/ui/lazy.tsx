import type { ComponentType, VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';

/** A component in a file of its own, which comes when it is first shown. */
export function lazy<Props extends object>(
  load: () => Promise<{ default: ComponentType<Props> }>,
  meanwhile: VNode | null = null,
): ComponentType<Props> {
  let loaded: ComponentType<Props> | undefined;
  return function Lazy(props: Props) {
    const [Loaded, setLoaded] = useState<ComponentType<Props> | undefined>(() => loaded);
    useEffect(() => {
      if (Loaded === undefined) void load().then(({ default: it }) => setLoaded(() => (loaded = it)));
    }, [Loaded]);
    return Loaded === undefined ? meanwhile : <Loaded {...props} />;
  };
}
