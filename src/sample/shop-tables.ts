/** One column of a sample table; its comment goes into the database. */
interface Column {
  readonly type: string;
  readonly about: string;
  readonly nullable?: true;
  /** The table whose key it holds, in the same source. */
  readonly references?: string;
}

/** A sample table, in the columns' order. A row that lacks a column, or has one more, does not compile. */
export interface Table<Row, Name extends string = string> {
  readonly source: 'shop' | 'crm';
  readonly name: Name;
  readonly about: string;
  readonly key: readonly (keyof Row & string)[];
  readonly columns: { readonly [K in keyof Row]: Column };
}

export interface DepartmentRow {
  readonly id: number;
  readonly name: string;
}

export interface ProductRow {
  readonly id: number;
  readonly department_id: number;
  readonly name: string;
  readonly description: string;
  readonly price: string;
}

export interface ProductPairRow {
  readonly product_id: number;
  readonly goes_with_id: number;
}

export interface CustomerRow {
  readonly id: number;
  readonly name: string;
  readonly email: string;
  readonly phone: string | null;
  readonly street: string;
  readonly postcode: string;
  readonly city: string;
  readonly country: string;
  readonly residence: string | null;
  readonly birth_date: string | null;
  readonly favourite_department_id: number | null;
  readonly referred_by: number | null;
  readonly registered_at: string;
}

export interface OrderRow {
  readonly id: number;
  readonly customer_id: number;
  readonly placed_at: string;
  readonly status: string;
  readonly total: string;
  readonly paid_by: string;
  readonly staff_note: string | null;
}

export interface OrderLineRow {
  readonly id: number;
  readonly order_id: number;
  readonly product_id: number;
  readonly quantity: number;
  readonly unit_price: string;
}

export interface ReviewRow {
  readonly id: number;
  readonly customer_id: number;
  readonly product_id: number;
  readonly written_at: string;
  readonly stars: number;
  readonly text: string | null;
}

export interface LoyaltyRow {
  readonly customer_id: number;
  readonly tier: string;
  readonly points: number;
  readonly joined_on: string;
}

export interface BoughtProfileRow {
  readonly customer_id: number;
  readonly income_band: string;
  readonly inferred_interest: string;
  readonly bought_on: string;
}

const id: Column = { type: 'integer', about: 'A number of ours' };

export const departments: Table<DepartmentRow, 'departments'> = {
  source: 'shop',
  name: 'departments',
  about: 'Parts of the shop',
  key: ['id'],
  columns: { id, name: { type: 'text', about: 'As shown in the shop' } },
};

export const products: Table<ProductRow, 'products'> = {
  source: 'shop',
  name: 'products',
  about: 'What can be bought',
  key: ['id'],
  columns: {
    id,
    department_id: { type: 'integer', about: 'Where it stands', references: 'departments' },
    name: { type: 'text', about: 'As shown in the shop' },
    description: { type: 'text', about: 'One or two sentences' },
    price: { type: 'numeric(10,2)', about: 'Today, in euro' },
  },
};

export const productPairs: Table<ProductPairRow, 'product_pairs'> = {
  source: 'shop',
  name: 'product_pairs',
  about: 'Products that go well together',
  key: ['product_id', 'goes_with_id'],
  columns: {
    product_id: { type: 'integer', about: 'This product', references: 'products' },
    goes_with_id: { type: 'integer', about: 'goes with this one', references: 'products' },
  },
};

export const customers: Table<CustomerRow, 'customers'> = {
  source: 'shop',
  name: 'customers',
  about: 'Persons who buy from us',
  key: ['id'],
  columns: {
    id,
    name: { type: 'text', about: 'First and last name', nullable: true },
    email: { type: 'text', about: 'Where order mails go', nullable: true },
    phone: { type: 'text', about: 'If they gave one', nullable: true },
    street: { type: 'text', about: 'Street and house', nullable: true },
    postcode: { type: 'text', about: 'As their country writes it', nullable: true },
    city: { type: 'text', about: 'Town', nullable: true },
    country: { type: 'text', about: 'ISO 3166-1 code', nullable: true },
    residence: {
      type: 'text',
      about: 'ISO 3166-2 code where law differs within the country, else 3166-1; null: not known',
      nullable: true,
    },
    birth_date: { type: 'date', about: 'If they told us', nullable: true },
    favourite_department_id: {
      type: 'integer',
      about: 'What they said they care for most',
      nullable: true,
      references: 'departments',
    },
    referred_by: {
      type: 'integer',
      about: 'The customer who brought them',
      nullable: true,
      references: 'customers',
    },
    registered_at: { type: 'timestamptz', about: 'When they opened the account' },
  },
};

export const orders: Table<OrderRow, 'orders'> = {
  source: 'shop',
  name: 'orders',
  about: 'What a customer ordered at once',
  key: ['id'],
  columns: {
    id,
    customer_id: { type: 'integer', about: 'Who ordered', references: 'customers' },
    placed_at: { type: 'timestamptz', about: 'When' },
    status: { type: 'text', about: 'PLACED, SHIPPED, DELIVERED or RETURNED' },
    total: { type: 'numeric(10,2)', about: 'Sum of the lines, in euro' },
    paid_by: { type: 'text', about: 'Means of payment, never its number' },
    staff_note: { type: 'text', about: 'For our own staff', nullable: true },
  },
};

export const orderLines: Table<OrderLineRow, 'order_lines'> = {
  source: 'shop',
  name: 'order_lines',
  about: 'One product of an order',
  key: ['id'],
  columns: {
    id,
    order_id: { type: 'integer', about: 'The order it belongs to', references: 'orders' },
    product_id: { type: 'integer', about: 'What was ordered', references: 'products' },
    quantity: { type: 'integer', about: 'How many' },
    unit_price: { type: 'numeric(10,2)', about: 'On that day, in euro' },
  },
};

export const reviews: Table<ReviewRow, 'reviews'> = {
  source: 'shop',
  name: 'reviews',
  about: 'What customers wrote about products',
  key: ['id'],
  columns: {
    id,
    customer_id: { type: 'integer', about: 'Who wrote', references: 'customers' },
    product_id: { type: 'integer', about: 'About what', references: 'products' },
    written_at: { type: 'timestamptz', about: 'When' },
    stars: { type: 'integer', about: 'One to five' },
    text: { type: 'text', about: 'Null: stars only', nullable: true },
  },
};

export const loyaltyMembers: Table<LoyaltyRow, 'loyalty_members'> = {
  source: 'crm',
  name: 'loyalty_members',
  about: 'Members of the club',
  key: ['customer_id'],
  columns: {
    customer_id: { type: 'integer', about: 'The number in the shop’s `customers`' },
    tier: { type: 'text', about: 'BRONZE, SILVER or GOLD' },
    points: { type: 'integer', about: 'Not yet spent' },
    joined_on: { type: 'date', about: 'First day of membership' },
  },
};

export const boughtProfiles: Table<BoughtProfileRow, 'bought_profiles'> = {
  source: 'crm',
  name: 'bought_profiles',
  about: 'What a data broker sold us; no customer told us any of it',
  key: ['customer_id'],
  columns: {
    customer_id: { type: 'integer', about: 'The number in the shop’s `customers`' },
    income_band: { type: 'text', about: 'Guessed yearly household income, thousands of euro' },
    inferred_interest: { type: 'text', about: 'Guessed interest' },
    bought_on: { type: 'date', about: 'When we bought it' },
  },
};

/** Every table, those that others refer to first. */
export const sampleTables = [
  departments,
  products,
  productPairs,
  customers,
  orders,
  orderLines,
  reviews,
  loyaltyMembers,
  boughtProfiles,
] as const;
