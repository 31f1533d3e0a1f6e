import { render } from 'preact';
import { App } from './app/app.js';
import { startRouter } from './app/router.js';
import { loadSession } from './app/session.js';
import { startShortcuts } from './app/shortcuts.js';
import { startTheme } from './app/theme.js';

startTheme();
startRouter();
startShortcuts();
void loadSession();
render(<App />, document.getElementById('app')!);
