// Writes the alert rules as the Prometheus operator takes them: node scripts/prometheus-rule.mjs RULES [FILE].
import { readFileSync, writeFileSync } from 'node:fs';
import { argv, stdout } from 'node:process';
import { parse, stringify } from 'yaml';

const [source, target] = argv.slice(2);
const { groups } = parse(readFileSync(source, 'utf8'));
const manifest = {
  apiVersion: 'monitoring.coreos.com/v1',
  kind: 'PrometheusRule',
  metadata: { name: 'tidemark', labels: { 'app.kubernetes.io/name': 'tidemark' } },
  spec: { groups },
};
const text = `# Written by npm run generate from ${source}.\n${stringify(manifest, { lineWidth: 0, singleQuote: true })}`;
if (target === undefined) stdout.write(text);
else writeFileSync(target, text);
