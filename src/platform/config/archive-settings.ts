import { integer, text, url } from './settings.js';

/** Where audit entries go before they are removed. */
export const ARCHIVE_SETTINGS = {
  ARCHIVE_DIR: text({
    example: '/var/lib/tidemark/archive',
    description:
      'Folder that audit entries are archived to before they are removed; API and workers share it. Without it and ARCHIVE_URL, nothing is removed in production; in development it is .data/archive.',
  }),
  ARCHIVE_URL: url(['s3:'], {
    example: 's3://my-bucket/tidemark',
    description:
      'Bucket, and perhaps a prefix, of an S3-compatible store for these archives; it goes before ARCHIVE_DIR.',
  }),
  ARCHIVE_S3_ENDPOINT: url(['https:', 'http:'], {
    example: 'https://s3.example.com',
    description: 'Address of that store where it is not that of AWS; the bucket is then part of the path.',
  }),
  ARCHIVE_S3_REGION: text({
    example: 'eu-central-1',
    description: 'Its region. Absent: AWS_REGION, or what the AWS profile says.',
  }),
  ARCHIVE_S3_ACCESS_KEY_ID: text({
    example: 'AKIAIOSFODNN7EXAMPLE',
    description:
      "Its key. Absent: where AWS's own tools look: AWS_ACCESS_KEY_ID, the AWS profile, the role of the machine.",
  }),
  ARCHIVE_S3_SECRET_ACCESS_KEY: text({ isSecret: true, description: 'The secret of that key.' }),
  ARCHIVE_RESTORE_DAYS: integer(1, 365, {
    default: 7,
    description: 'Days that entries stay which restore-archive has brought back.',
  }),
};

export type OptionalArchiveSetting = Exclude<keyof typeof ARCHIVE_SETTINGS, 'ARCHIVE_RESTORE_DAYS'>;
