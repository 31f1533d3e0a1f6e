import { useGet } from '../../api/query.js';
import type { Schema } from '../../api/types.js';
import { Header } from '../../app/header.js';
import { filterParam } from '../../filter/asked.js';
import { hrefOf, param, setParams } from '../../app/router.js';
import { FirstEvent } from '../../ui/empty.js';
import { exact, figure, shortMoment } from '../../ui/format.js';
import { HowCounted } from '../../ui/how-counted.js';
import { Panel, Show } from '../../ui/loaded.js';
import { Pager } from '../../ui/pager.js';
import { SchemaDialog } from './schema-dialog.js';

export default function EventTypes() {
  const query = { limit: 100, cursor: param('cursor') ?? undefined, prefix: param('prefix') ?? undefined };
  const loaded = useGet('/event-types', query);
  const open = param('schema');
  return (
    <>
      <Header title="Event types">
        <input
          type="search"
          class="property"
          aria-label="Begins with"
          placeholder="Begins with"
          value={param('prefix') ?? ''}
          onChange={(event) => setParams({ prefix: event.currentTarget.value, cursor: null })}
        />
        <button type="button" class="button" onClick={() => setParams({ schema: '', new: '1' })}>
          Add a schema
        </button>
      </Header>
      <Panel
        title="Event types"
        footer={<HowCounted method="exact" what="Processed events of the last 30 days, by type." asOf={loaded.asOf} />}
      >
        <Show loaded={loaded}>
          {({ data, next_cursor: next }) => (
            <>
              {data.length === 0 ? (
                param('prefix') === null ? (
                  <FirstEvent />
                ) : (
                  <p class="muted">No event type begins so.</p>
                )
              ) : (
                <Table types={data} />
              )}
              <Pager next={next} />
            </>
          )}
        </Show>
      </Panel>
      {(open !== null || param('new') !== null) && (
        <SchemaDialog key={open} type={open ?? ''} onClose={() => setParams({ schema: null, new: null })} />
      )}
    </>
  );
}

function Table({ types }: { types: Schema<'EventTypeResponse'>[] }) {
  return (
    <table class="rows fold">
      <thead>
        <tr>
          <th scope="col">Event type</th>
          <th scope="col" class="number">
            Events in 30 days
          </th>
          <th scope="col">Schema</th>
          <th scope="col">Changed</th>
          <th scope="col">
            <span class="hidden">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {types.map(({ event_type: name, events_30d: count, schema, mode, version, updated_at: changed }) => (
          <tr key={name}>
            <th scope="row" class="break grow">
              <a class="entry-link" href={hrefOf('overview', filterParam('event_type', name))}>
                {name}
              </a>
            </th>
            <td class="number" title={exact(count)} data-label="events">
              {figure(count)}
            </td>
            <td>
              {schema === null ? (
                <span class="muted">none</span>
              ) : (
                `version ${version}, ${mode === 'reject' ? 'rejects misfits' : 'quarantines misfits'}`
              )}
            </td>
            <td class="muted">{shortMoment(changed)}</td>
            <td class="number">
              <button
                type="button"
                class="button"
                aria-label={`Schema of ${name}`}
                onClick={() => setParams({ schema: name })}
              >
                Schema
              </button>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
