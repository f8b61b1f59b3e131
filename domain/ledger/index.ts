export {
  type Account,
  balanceSign,
  credit,
  debit,
  type Entry,
  entry,
  seller,
  type SellerAccount,
  type SellerFunds,
} from './entries.ts';
