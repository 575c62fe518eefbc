-- Ada says yes and Ben no; Cleo says yes and Dan no, and of these two nothing is known.
create table customer (id text primary key, name text, email text, phone text);
create table orders (id int primary key, customer_id text references customer, total numeric);
insert into customer values
  ('ada', 'Ada', 'ada@example.com', '+49 1'),
  ('ben', 'Ben', 'ben@example.com', '+49 2'),
  ('cleo', null, null, null),
  ('dan', null, null, null);
insert into orders values (1, 'ada', 12.5), (2, 'ada', 3), (3, 'ben', 99);
