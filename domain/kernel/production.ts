/**
 * Whether this is production, asked here alone: by Node's own variable or by ours, which a staging system may set beside
 * `NODE_ENV=development`.
 */
export const isProduction = ({
  NODE_ENV: nodeEnv,
  APP_ENV: appEnv,
}: {
  readonly NODE_ENV?: string | undefined;
  readonly APP_ENV?: string | undefined;
}): boolean => nodeEnv === 'production' || appEnv === 'production';
