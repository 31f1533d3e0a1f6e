import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';

interface PopoverProps {
  label: ComponentChildren;
  /** Of the button, where its text is not enough. */
  name?: string;
  class?: string;
  shortcut?: string;
  children: ComponentChildren;
}

/**
 * A button and the native popover it opens, placed beside it; Escape and a click elsewhere close it. What is in it comes
 * when it is first opened.
 */
export function Popover({ label, name, class: classes = 'button', shortcut, children }: PopoverProps) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const panel = useRef<HTMLDivElement>(null);
  const [wasOpened, setOpened] = useState(false);
  useEffect(() => keepBeside(button.current!, panel.current!), []);
  return (
    <>
      <button
        ref={button}
        type="button"
        class={classes}
        popoverTarget={id}
        aria-label={name}
        aria-keyshortcuts={shortcut}
      >
        {label}
      </button>
      <div ref={panel} id={id} popover="auto" class="popover" onBeforeToggle={() => setOpened(true)}>
        {wasOpened && children}
      </div>
    </>
  );
}

/** Closes the popover that holds `element`. */
export function closePopover(element: Element): void {
  const panel = element.closest('[popover]');
  if (panel instanceof HTMLElement) panel.hidePopover();
}

/** The library that finds the place comes when it is first needed. */
function keepBeside(button: HTMLElement, panel: HTMLElement): () => void {
  let stop: (() => void) | undefined;
  const toggle = async (event: Event) => {
    stop?.();
    stop = undefined;
    if ((event as ToggleEvent).newState !== 'open') return;
    const { autoUpdate, computePosition, flip, offset, shift } = await import('@floating-ui/dom');
    const place = async () => {
      const { x, y } = await computePosition(button, panel, {
        strategy: 'fixed',
        placement: 'bottom-start',
        middleware: [offset(4), flip({ padding: 8 }), shift({ padding: 8 })],
      });
      Object.assign(panel.style, { left: `${x}px`, top: `${y}px` });
      panel.classList.add('placed');
    };
    if (panel.matches(':popover-open')) stop = autoUpdate(button, panel, () => void place());
  };
  const listener = (event: Event) => void toggle(event);
  panel.addEventListener('toggle', listener);
  return () => {
    stop?.();
    panel.removeEventListener('toggle', listener);
  };
}
