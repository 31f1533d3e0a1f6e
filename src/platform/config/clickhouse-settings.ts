import { checkedText, integer, url } from './settings.js';

const CLICKHOUSE = url(['http:', 'https:'], { description: '' });

/** What stands in statements as the name of a database or a cluster. */
const NAME = /^\w{1,64}$/;

function checkUrl(raw: string): void {
  const { pathname } = new URL(CLICKHOUSE.parse(raw));
  if (pathname !== '/' && !NAME.test(pathname.slice(1))) {
    throw new Error('must have nothing but letters, digits and _ in the name of its database');
  }
}

function checkCluster(raw: string): void {
  if (!NAME.test(raw)) throw new Error('must be a name of letters, digits and _');
}

/** The optional second engine, for questions that read raw events. */
export const CLICKHOUSE_SETTINGS = {
  CLICKHOUSE_URL: checkedText(checkUrl, {
    example: 'http://tidemark:secret@localhost:8123/tidemark',
    description:
      'ClickHouse 25.3 or newer, by its HTTP interface, with login and database (tidemark when none is named). Workers keep a copy of the counted events there, and questions that read raw events are asked there. Absent: PostgreSQL answers all of them.',
  }),
  CLICKHOUSE_CLUSTER: checkedText(checkCluster, {
    example: 'tidemark',
    description:
      'Name of a cluster in the configuration of its servers: tables are replicated, and distributed by tenant and user. Absent: one server.',
  }),
  CLICKHOUSE_TIMEOUT_SECONDS: integer(1, 300, {
    default: 10,
    description: 'Seconds that one question may take there.',
  }),
  CLICKHOUSE_MAX_LAG_SECONDS: integer(1, 86_400, {
    default: 60,
    description: 'Its answers may be so old; each says how old it is (as_of). While it lags more, PostgreSQL answers.',
  }),
} as const;

export type OptionalClickHouseSetting = 'CLICKHOUSE_URL' | 'CLICKHOUSE_CLUSTER';
