create table customer (id text primary key, name text, residence text);
create table orders (id int primary key, customer_id text, total numeric);
insert into customer values
  ('cal', 'Cal', 'US-CA'),
  ('cat', 'Cat', 'US-CA'),
  ('dee', 'Dee', 'DE'),
  ('dov', 'Dov', 'DE'),
  ('una', 'Una', null),
  ('uri', 'Uri', 'US');
insert into orders
select row_number() over (order by id), id, 10 from customer;
