import { Dialog } from '../ui/dialog.js';
import { RANGES } from '../ui/time.js';
import { isHelpOpen, LETTERS, pageNames } from './shortcuts.js';

export default function Help() {
  return (
    <Dialog title="Keyboard" onClose={() => (isHelpOpen.value = false)}>
      <dl class="keys">
        {Object.values(RANGES).map(({ key, label }) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{label}</dd>
          </div>
        ))}
        {pageNames.map(([page, label]) => (
          <div key={page}>
            <dt>
              <kbd>g</kbd> <kbd>{LETTERS[page]}</kbd>
            </dt>
            <dd>{label}</dd>
          </div>
        ))}
        <div>
          <dt>
            <kbd>/</kbd>
          </dt>
          <dd>Search on this page</dd>
        </div>
        <div>
          <dt>
            <kbd>f</kbd>
          </dt>
          <dd>Add a filter</dd>
        </div>
        <div>
          <dt>
            <kbd>?</kbd>
          </dt>
          <dd>This list</dd>
        </div>
        <div>
          <dt>
            <kbd>Esc</kbd>
          </dt>
          <dd>Close</dd>
        </div>
      </dl>
    </Dialog>
  );
}
