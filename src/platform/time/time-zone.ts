const ZONES = new Map<string, Intl.DateTimeFormat>();

/**
 * Old names that the runtime accepts besides those of IANA. PostgreSQL does not know them, or means another zone (IST,
 * CST, AST).
 */
const NOT_OF_IANA = new RegExp(
  '^(?:SystemV/.*|US/Pacific-New|Canada/East-Saskatchewan|' +
    'ACT|AET|AGT|ART|AST|BET|BST|CAT|CNT|CST|CTT|EAT|ECT|IET|IST|JST|MIT|NET|NST|PLT|PNT|PRT|PST|SST|VST)$',
  'i',
);

/** Whether `name` is an IANA time zone that this runtime knows. */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z][A-Za-z0-9_+/-]{1,63}$/.test(name) || NOT_OF_IANA.test(name)) return false;
  try {
    zoneFormat(name);
    return true;
  } catch {
    return false;
  }
}

/** Local time minus UTC, in milliseconds. */
export function offsetAt(zone: string, at: number): number {
  if (zone === 'UTC') return 0;
  const second = Math.floor(at / 1000) * 1000;
  const parts: Record<string, number> = {};
  for (const { type, value } of zoneFormat(zone).formatToParts(second)) parts[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second: s = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, s) - second;
}

function zoneFormat(zone: string): Intl.DateTimeFormat {
  let format = ZONES.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    // Names come from requests, in any case: about 600 zones, so a thousand entries are plenty.
    if (ZONES.size >= 1_000) ZONES.clear();
    ZONES.set(zone, format);
  }
  return format;
}
