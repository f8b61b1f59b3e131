export { bodyGone } from './body-gone.ts';
