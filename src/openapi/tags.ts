/** What the operations are grouped by, in the order in which a new user needs them. */
export const TAGS: readonly { name: string; description: string }[] = [
  {
    name: 'Events',
    description: 'Send events, one or many, and read them back. An event that was acknowledged is stored.',
  },
  { name: 'Event types', description: 'Which types of events there are, and the JSON Schema that each must fit.' },
  { name: 'Failed events', description: 'Events that are stored and could not be counted: look, mend, retry.' },
  { name: 'Analytics', description: 'Counts, series, breakdowns and what single users did, over any range of time.' },
  { name: 'Funnels', description: 'How many users take several steps in order; asked once, or kept under a name.' },
  {
    name: 'Saved segments',
    description: 'Filters that are kept under a name, to be named in questions about events.',
  },
  { name: 'Audit trail', description: 'Who did what to which resource: recorded for good, searched, exported.' },
  { name: 'Audit proofs', description: 'Signed checkpoints and Merkle proofs that nothing recorded was changed.' },
  { name: 'Audit events', description: 'The same audit trail, by functionality and event type.' },
  { name: 'API calls', description: 'Every call of this API, the refused ones too.' },
  { name: 'Privacy', description: 'Erase one person from everything that is stored.' },
  {
    name: 'Retention',
    description:
      'How long events and audit entries are kept, what a legal hold keeps, and what scheduled tasks removed.',
  },
  {
    name: 'Segment',
    description: "Segment's HTTP tracking API: point the host of a Segment SDK here. The write key is an API key.",
  },
  { name: 'Sample data', description: 'Realistic events for a first look, and the jobs that make them.' },
  { name: 'Access', description: 'Who a credential is and what it may do; access tokens; sessions of the dashboard.' },
  { name: 'Keys', description: 'API keys of your tenant: made, narrowed, rotated, deleted.' },
  { name: 'Tenants', description: 'The tenants of this installation, for platform keys.' },
  { name: 'Metrics', description: 'What Prometheus asks each process for, of the process and of the installation.' },
  { name: 'Health', description: 'Whether the service and what it stands on is there. Nobody needs a key for it.' },
];
