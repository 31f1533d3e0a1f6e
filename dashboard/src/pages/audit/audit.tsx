import '../../styles/audit.css';
import { addressOf } from '../../api/client.js';
import { useGet } from '../../api/query.js';
import { FilterChips, Header, RangeChoice, ZoneChoice } from '../../app/header.js';
import { param, setParams } from '../../app/router.js';
import { textOf } from '../../ui/form.js';
import { zone } from '../../ui/format.js';
import { closePopover, Popover } from '../../ui/popover.js';
import { Show } from '../../ui/loaded.js';
import { EntryPanel } from './entry.js';
import { Facets } from './facets.js';
import { filters } from './filters.js';
import { FollowChoice, useFollowed } from './follow.js';
import { Rows } from './rows.js';

const PAGE = 50;

export default function Audit() {
  const loaded = useGet('/logs', { ...filters(), limit: PAGE, cursor: param('cursor') ?? undefined });
  const arrived = useFollowed();
  const chosen = param('entry');
  return (
    <>
      <Header title="Audit">
        <FollowChoice />
        <Search />
        <FilterChips
          names={{
            action: 'action',
            severity: 'severity',
            resource: 'resource',
            resource_id: 'id',
            user: 'user',
            client: 'client',
          }}
        />
        <Export />
        <RangeChoice />
        <ZoneChoice />
      </Header>
      <div class="audit" data-open={chosen === null ? undefined : ''}>
        <Facets />
        <section class="card" aria-label="Entries">
          <Show loaded={loaded}>{(page) => <Rows page={page} arrived={arrived} chosen={chosen} />}</Show>
        </section>
        <section class="card entry sticky" aria-label="Entry">
          {chosen === null ? (
            <p class="muted">Choose an entry to see what changed, and to verify it.</p>
          ) : (
            <EntryPanel key={chosen} id={chosen} />
          )}
        </section>
      </div>
    </>
  );
}

function Search() {
  return (
    <form
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        setParams({ q: textOf(event.currentTarget, 'q'), cursor: null });
      }}
    >
      <input
        type="search"
        name="q"
        aria-label="Search words, ids, addresses"
        placeholder="Search words, ids, addresses"
        value={param('q') ?? ''}
      />
    </form>
  );
}

const FORMATS = { xlsx: 'Excel', csv: 'CSV', ndjson: 'NDJSON, with proofs' };

function Export() {
  return (
    <Popover label="Export">
      <ul class="menu">
        {Object.entries(FORMATS).map(([format, label]) => (
          <li key={format}>
            <a
              class="menu-link"
              download
              href={addressOf('/logs/export', { query: { ...filters(), tz: zone(), format } })}
              onClick={(event) => closePopover(event.currentTarget)}
            >
              {label}
            </a>
          </li>
        ))}
      </ul>
      <p class="muted">All entries that fit, not only this page.</p>
    </Popover>
  );
}
