create table customer (id text primary key, referred_by text);
create table orders (id int primary key, customer_id text, total numeric);
insert into customer values ('ada', null), ('ben', 'ada'), ('cleo', 'gone'), ('dan', 'ada');
insert into orders values (1, 'ada', 5), (2, null, 6), (3, 'gone', 7);
