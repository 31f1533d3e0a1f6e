import { Inject, Injectable, Logger } from '@nestjs/common';
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { CONFIG, type Config, wrongSetting } from '../../platform/config/config.js';
import { ed25519KeyOf } from '../../platform/config/ed25519-key.js';
import { Database } from '../../platform/database/database.js';
import { getInstallationSecret } from '../../platform/database/installation-secrets.repository.js';

/** DER of a PKCS #8 key up to the 32 bytes of an Ed25519 seed (RFC 8410). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

/**
 * The key that signs checkpoints: from the settings, from a file outside PostgreSQL or, without either, from
 * PostgreSQL.
 */
@Injectable()
export class SigningKey {
  private readonly logger = new Logger(SigningKey.name);
  private keys: readonly [KeyObject, ...KeyObject[]] | undefined;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly database: Database,
  ) {}

  /**
   * The key, then the one before it where both sign: verifiers that trust only the old key can go on until they have
   * the new one.
   */
  async all(): Promise<readonly [KeyObject, ...KeyObject[]]> {
    this.keys ??= await this.loadAll();
    return this.keys;
  }

  private async loadAll(): Promise<readonly [KeyObject, ...KeyObject[]]> {
    const current = await this.load();
    const previous = this.loadPrevious();
    return previous === undefined || samePublicKey(previous, current) ? [current] : [current, previous];
  }

  private async load(): Promise<KeyObject> {
    const { AUDIT_SIGNING_KEY: base64, AUDIT_SIGNING_KEY_FILE: file } = this.config;
    if (base64 !== undefined) return parseBase64(base64, 'AUDIT_SIGNING_KEY');
    if (file !== undefined) return keyOfFile(file);
    this.logger.warn(
      'audit checkpoints are signed with a key kept in PostgreSQL; set AUDIT_SIGNING_KEY_FILE to keep it out of there',
    );
    return this.fromDatabase();
  }

  /** Never created: a previous key that signed nothing would be useless. */
  private loadPrevious(): KeyObject | undefined {
    const { AUDIT_PREVIOUS_SIGNING_KEY: base64, AUDIT_PREVIOUS_SIGNING_KEY_FILE: file } = this.config;
    if (base64 !== undefined) return parseBase64(base64, 'AUDIT_PREVIOUS_SIGNING_KEY');
    return file === undefined ? undefined : previousKeyOfFile(file);
  }

  private async fromDatabase(): Promise<KeyObject> {
    const seed = await getInstallationSecret(this.database.system, 'audit_signing_key');
    return createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' });
  }
}

/**
 * Both files, so that a worker that could not sign does not start at all.
 * @throws ConfigError
 */
export function checkKeyFiles(config: Config): void {
  const { AUDIT_SIGNING_KEY_FILE: current, AUDIT_PREVIOUS_SIGNING_KEY_FILE: previous } = config;
  if (config.AUDIT_SIGNING_KEY === undefined && current !== undefined) keyOfFile(current);
  if (config.AUDIT_PREVIOUS_SIGNING_KEY === undefined && previous !== undefined) previousKeyOfFile(previous);
}

const HOW_TO_MAKE_ONE = 'make a file with one by: openssl genpkey -algorithm ed25519';

const keyOfFile = (file: string) => parseFile(file, 'AUDIT_SIGNING_KEY_FILE', readOrMake);

const previousKeyOfFile = (file: string) =>
  parseFile(file, 'AUDIT_PREVIOUS_SIGNING_KEY_FILE', (name) => readFileSync(name, 'utf8'));

const parseBase64 = (base64: string, setting: KeySetting) => parseKey(Buffer.from(base64, 'base64'), setting);

const samePublicKey = (a: KeyObject, b: KeyObject) => createPublicKey(a).equals(createPublicKey(b));

type KeySetting =
  'AUDIT_SIGNING_KEY' | 'AUDIT_SIGNING_KEY_FILE' | 'AUDIT_PREVIOUS_SIGNING_KEY' | 'AUDIT_PREVIOUS_SIGNING_KEY_FILE';

function parseFile(file: string, setting: KeySetting, read: (file: string) => string): KeyObject {
  let text: string;
  try {
    text = read(file);
  } catch (error) {
    throw wrongSetting(setting, `cannot be read or made: ${(error as Error).message}`);
  }
  return parseKey(text, setting);
}

function parseKey(source: string | Buffer, setting: KeySetting): KeyObject {
  const key = ed25519KeyOf(source);
  if (key === undefined) throw wrongSetting(setting, `does not hold an Ed25519 private key; ${HOW_TO_MAKE_ONE}`);
  return key;
}

/** Several workers may start at once: the first one's file stays. */
function readOrMake(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  mkdirSync(dirname(file), { recursive: true });
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
  try {
    writeFileSync(file, pem, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return readFileSync(file, 'utf8');
}
