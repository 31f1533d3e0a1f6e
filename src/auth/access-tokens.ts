import { Inject, Injectable } from '@nestjs/common';
import { createPrivateKey, createPublicKey, createSecretKey, hash, type KeyObject } from 'node:crypto';
import { jwtVerify, SignJWT } from 'jose';
import { LRUCache } from 'lru-cache';
import { CONFIG, type Config } from '../platform/config/config.js';
import { SCOPES, type Scope } from '../platform/http/principal.js';
import { unauthorized } from '../platform/http/problem.js';
import { InstallationSecrets } from '../keys/installation-secrets.js';

const ISSUER = 'tidemark';
const AUDIENCE = 'tidemark-api';
const MAX_TOKEN_LENGTH = 4_096;
const MAX_CACHED = 10_000;

/** The content of a verified token. The key that it was made from still decides what it may do now. */
export interface TokenClaims {
  keyId: string;
  tenantId: string;
  scopes: readonly Scope[];
  /** Seconds since 1970. */
  expiresAt: number;
}

interface Keys {
  algorithm: 'EdDSA' | 'HS256';
  sign: KeyObject;
  verify: KeyObject;
}

/**
 * Access tokens: JWTs with one pinned algorithm, EdDSA when JWT_PRIVATE_KEY is set, else HS256 with JWT_SECRET or,
 * without one, with a secret of the installation that all replicas share.
 */
@Injectable()
export class AccessTokens {
  private keys: Promise<Keys> | undefined;
  private readonly verified = new LRUCache<string, TokenClaims>({ max: MAX_CACHED });

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly secrets: InstallationSecrets,
  ) {}

  /** @returns the token and its life in seconds */
  async issue(claims: Omit<TokenClaims, 'expiresAt'>, clientId: string): Promise<{ token: string; expiresIn: number }> {
    const { algorithm, sign } = await this.getKeys();
    const expiresIn = this.config.JWT_EXPIRES_IN;
    const token = await new SignJWT({ tenant: claims.tenantId, client_id: clientId, scope: claims.scopes.join(' ') })
      .setProtectedHeader({ alg: algorithm, typ: 'JWT' })
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setSubject(claims.keyId)
      .setIssuedAt()
      .setExpirationTime(`${expiresIn}s`)
      .sign(sign);
    return { token, expiresIn };
  }

  /** @throws Problem 401 for anything but one of our tokens that has not expired */
  async verify(token: string): Promise<TokenClaims> {
    if (token.length > MAX_TOKEN_LENGTH) throw invalidToken();
    const digest = hash('sha256', token);
    const known = this.verified.get(digest);
    if (known !== undefined && known.expiresAt > Date.now() / 1_000) return known;
    const claims = await this.read(token);
    this.verified.set(digest, claims);
    return claims;
  }

  private async read(token: string): Promise<TokenClaims> {
    const { algorithm, verify } = await this.getKeys();
    try {
      const { payload } = await jwtVerify(token, verify, {
        algorithms: [algorithm],
        issuer: ISSUER,
        audience: AUDIENCE,
        requiredClaims: ['exp', 'sub', 'tenant', 'scope'],
      });
      const scopes = String(payload['scope']).split(' ');
      return {
        keyId: payload.sub!, // a required claim
        tenantId: String(payload['tenant']),
        scopes: SCOPES.filter((scope) => scopes.includes(scope)),
        expiresAt: payload.exp!,
      };
    } catch {
      throw invalidToken();
    }
  }

  private getKeys(): Promise<Keys> {
    this.keys ??= this.loadKeys().catch((error: unknown) => {
      this.keys = undefined;
      throw error;
    });
    return this.keys;
  }

  private async loadKeys(): Promise<Keys> {
    const { JWT_PRIVATE_KEY, JWT_SECRET } = this.config;
    if (JWT_PRIVATE_KEY !== undefined) {
      const sign = createPrivateKey({ key: Buffer.from(JWT_PRIVATE_KEY, 'base64'), format: 'der', type: 'pkcs8' });
      return { algorithm: 'EdDSA', sign, verify: createPublicKey(sign) };
    }
    const secret = JWT_SECRET === undefined ? await this.secrets.get('jwt_secret') : Buffer.from(JWT_SECRET);
    const key = createSecretKey(secret);
    return { algorithm: 'HS256', sign: key, verify: key };
  }
}

const invalidToken = () => unauthorized('Invalid access token. Get a new one from POST /api/v1/auth/token.');
