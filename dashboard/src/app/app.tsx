import { session } from '../api/client.js';
import { isLoading } from '../api/query.js';
import { lazy } from '../ui/lazy.js';
import { Navigation } from './navigation.js';
import { Page } from './page.js';
import { isHelpOpen } from './shortcuts.js';

const SignIn = lazy<object>(() => import('../pages/sign-in/sign-in.js'));
const Help = lazy<object>(() => import('./help.js'));

export function App() {
  if (session.value === undefined) return <div class="skeleton whole" aria-busy="true" />;
  if (session.value === null) return <SignIn />;
  return (
    <>
      <a class="skip" href="#main">
        Skip to the page
      </a>
      <div class="progress" data-active={isLoading.value ? '' : undefined} />
      <div class="shell">
        <Navigation />
        <main id="main" tabIndex={-1}>
          <Page />
        </main>
      </div>
      {isHelpOpen.value && <Help />}
    </>
  );
}
