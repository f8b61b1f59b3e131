import type { FileStore } from '../../domain/kernel/index.ts';
import { createFolderStore } from './folder.ts';
import { createS3Store, type S3Settings } from './s3.ts';

export type StoreSettings =
  | { readonly kind: 'folder'; readonly folder: string }
  | ({ readonly kind: 's3' } & S3Settings);

export const createFileStore = (settings: StoreSettings): FileStore =>
  settings.kind === 'folder' ? createFolderStore(settings.folder) : createS3Store(settings);
