create table customer (id text primary key);
create table orders (id int primary key, customer_id text, day date, total numeric);
create table review (id int primary key, customer_id text, written_on date, stars int);
insert into customer values ('ada'), ('ben'), ('cleo');
insert into orders values (1, 'ada', '2026-01-02', 12.5), (2, 'ben', '2026-02-03', 99);
insert into review values (1, 'ada', '2026-01-09', 5), (2, 'ben', '2026-02-10', 1);
