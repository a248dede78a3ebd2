-- Where the steps between prices depend on the price: '0:0.01 3:0.05', from 3 up five cents.
alter table janus.symbol_registry add column price_steps text check (price_steps <> '');
