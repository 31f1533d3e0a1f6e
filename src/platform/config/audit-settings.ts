import { ed25519Key, keyName, text } from './settings.js';

/** How the audit log is named and signed. */
export const AUDIT_SETTINGS = {
  AUDIT_ORIGIN: keyName({
    default: 'tidemark',
    example: 'audit.example.com',
    description:
      'Name of this installation in audit checkpoints, without spaces and plus signs; a tenant adds /<its id>. Never change it.',
  }),
  AUDIT_SIGNING_KEY: ed25519Key({
    description:
      'Ed25519 key that signs audit checkpoints (base64 of PKCS #8 DER). Only workers need it. Absent: AUDIT_SIGNING_KEY_FILE.',
  }),
  AUDIT_SIGNING_KEY_FILE: text({
    example: '/run/secrets/audit-signing-key.pem',
    description:
      'PEM file with that key, made at first start when missing. Without either, a key inside PostgreSQL signs, which protects less.',
  }),
  AUDIT_PREVIOUS_SIGNING_KEY: ed25519Key({
    description:
      'The key before, after a change: it signs as well, so that whoever trusts only it can go on. Remove it after some weeks.',
  }),
  AUDIT_PREVIOUS_SIGNING_KEY_FILE: text({
    example: '/run/secrets/audit-signing-key-before.pem',
    description: 'PEM file with that key, which must be there.',
  }),
  AUDIT_CHECKPOINT_LOG: text({
    example: '/var/log/tidemark/checkpoints.log',
    description:
      'File that signed audit checkpoints are appended to, one a minute and tenant at most. Empty means none.',
  }),
};
