create table customer (id text primary key);
create table tag (id int primary key, label text not null);
create table customer_tag (customer_id text, tag_id int);
create table tag_pair (tag_id int, near_id int);
insert into customer values ('ada'), ('ben'), ('cleo');
insert into tag values (1, 'jazz'), (2, 'soul'), (3, 'polka');
insert into customer_tag values ('ada', 1), ('ada', 2), ('ben', 3);
insert into tag_pair values (1, 2), (2, 1);
