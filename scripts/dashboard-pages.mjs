// What scripts that look at the dashboard in a browser of playwright need: its pages, signing in, waiting.

/** Pages that show the same whatever is asked of them, beside those with a question in their address. */
export const PAGES = {
  live: '/live',
  users: '/users?range=30d',
  audit: '/audit',
  calls: '/calls',
  'dead-letters': '/dead-letters',
  keys: '/keys',
  'event-types': '/event-types',
  system: '/system',
};

export const LAUNCH = { args: ['--no-sandbox', '--disable-gpu'] };

/** On the page that asks for a key. */
export async function signIn(page, key) {
  await page.getByLabel('API key').fill(key);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('navigation').waitFor();
}

/** Nothing loads any more. @throws after `timeout` milliseconds */
export async function untilLoaded(page, timeout = 30_000) {
  const busy = page.locator('[aria-busy="true"], .progress[data-active]').first();
  await busy.waitFor({ state: 'detached', timeout });
}
