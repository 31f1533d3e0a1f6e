import type { Parameters } from '../../platform/database/sql-parameters.js';
import { printedTime } from '../../platform/database/time-sql.js';
import { type EventProperty, parseProperty } from './event-property.js';
import type { ParsedUserAgent } from './user-agent.js';

/** What the user agents of a tenant say, by their text. */
export type ParsedAgents = Readonly<Record<string, ParsedUserAgent>>;

/** Values of the context that are stored; the others are read out of the user agent. */
const STORED = ['ip', 'user_agent'];

/**
 * SQL for properties of the events `e` in one statement. Names and values are parameters, never part of the text.
 *
 * @param agents of {@link listParsedAgents}, where a property {@link readsAgents}
 */
export class EventPropertySql {
  private agentsParameter: string | undefined;

  constructor(
    private readonly parameters: Parameters,
    private readonly agents: ParsedAgents = {},
  ) {}

  /** The value as jsonb; null where the event lacks the property. */
  json(name: string): string {
    const property = parseProperty(name);
    if (property.kind !== 'json') return `to_jsonb(${this.text(name)})`;
    const root = this.rootOf(property);
    const key = `${root} -> ${this.parameters.add(property.key)}::text`;
    if (property.path.length === 1 && property.path[0] === property.key) return `(${key})`;
    return `coalesce(${key}, ${root} #> ${this.parameters.add(property.path)}::text[])`;
  }

  /** The value as text, 1.0 like 1; null also where it is a null of JSON. */
  text(name: string): string {
    const property = parseProperty(name);
    if (property.kind === 'field') return `e.${property.field}`;
    if (property.kind === 'time') return printedTime(`e.${property.field}`);
    const json = this.json(name);
    return `(case jsonb_typeof(${json}) when 'number' then trim_scale((${json})::numeric)::text else ${json} #>> '{}' end)`;
  }

  /** As GET /events/:id shows it: the context of the request, over which what clients added has precedence. */
  private rootOf(property: EventProperty & { kind: 'json' }): string {
    if (property.root === 'payload') return 'e.payload';
    if (!isOfContext(property)) return 'e.enrichment';
    const parsed = isOfAgent(property)
      ? ` || coalesce(${this.allAgents()}::jsonb -> coalesce(c.user_agent, ''), '{}')`
      : '';
    return `(coalesce((
      select jsonb_build_object('context', jsonb_build_object('ip', c.address, 'user_agent', c.user_agent)${parsed})
      from event_contexts c where c.tenant_id = e.tenant_id and c.id = e.context_id
        and (c.user_agent is not null or c.address is not null)), '{}') || coalesce(e.enrichment, '{}'))`;
  }

  /** Up to megabytes, so they are sent once for all properties. */
  private allAgents(): string {
    this.agentsParameter ??= this.parameters.add(JSON.stringify(this.agents));
    return this.agentsParameter;
  }
}

const isOfContext = ({ root, path }: EventProperty & { kind: 'json' }): boolean =>
  root === 'enrichment' && path[0] === 'context';

const isOfAgent = (property: EventProperty & { kind: 'json' }): boolean =>
  isOfContext(property) && !STORED.includes(property.path[1] ?? '');

/** Whether the property is read out of user agents, which only this process can parse. */
export function readsAgents(name: string): boolean {
  const property = parseProperty(name);
  return property.kind === 'json' && isOfAgent(property);
}
