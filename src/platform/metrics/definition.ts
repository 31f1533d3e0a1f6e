/** Which processes export a metric; of the installation every API process says the same. */
export type Exporter = 'every process' | 'API' | 'worker' | 'API, of the installation';

export interface Definition {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  /** As in the name, by the conventions of Prometheus. */
  readonly unit: string;
  readonly labels: readonly string[];
  readonly from: Exporter;
  readonly buckets?: readonly number[];
  /** It has a series per tenant, so it is exported only where METRICS_TENANT_LABELS asks for it. */
  readonly perTenant?: true;
}
