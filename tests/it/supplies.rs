//! Stock through the real store: levels, alerts and suggestions after whatever people, readers and the calendar do.

mod catalogue_file;
mod causes;
mod counts;
mod demand;
mod histories;
mod import;
mod import_again;
mod import_guards;
mod items;
mod lots;
mod lowering;
mod orders;
mod pages;
mod place_form;
mod pure_histories;
mod reads;
mod rounds;
mod rules;
mod scan;
mod scan_again;
mod setup;
mod world;
