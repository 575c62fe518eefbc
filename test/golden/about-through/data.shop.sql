create table customer (id text primary key);
create table invoice (id int primary key, customer_id text);
create table track (id int primary key, title text not null);
create table invoice_line (id int primary key, invoice_id int, track_id int, amount numeric);
insert into customer values ('ada'), ('ben');
insert into invoice values (1, 'ada'), (2, 'ben');
insert into track values (7, 'Seven'), (8, 'Eight');
insert into invoice_line values (11, 1, 7, 0.99), (12, 1, 8, 1.99), (13, 2, 7, 0.99), (14, null, 7, 5);
