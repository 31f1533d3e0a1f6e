import { computed, effect, signal } from '@preact/signals';

export const THEMES = { system: 'As the system', light: 'Light', dark: 'Dark' } as const;
export type Theme = keyof typeof THEMES;

const NAME = 'tidemark.theme';
const media = matchMedia('(prefers-color-scheme: dark)');
const isSystemDark = signal(media.matches);

export const theme = signal<Theme>(read());
export const darkness = computed(() => (theme.value === 'system' ? isSystemDark.value : theme.value === 'dark'));

function read(): Theme {
  const stored = localStorage.getItem(NAME);
  return stored === 'light' || stored === 'dark' ? stored : 'system';
}

export function startTheme(): void {
  media.addEventListener('change', ({ matches }) => (isSystemDark.value = matches));
  effect(() => {
    const chosen = theme.value;
    if (chosen === 'system') localStorage.removeItem(NAME);
    else localStorage.setItem(NAME, chosen);
    document.documentElement.dataset['theme'] = chosen;
  });
}
