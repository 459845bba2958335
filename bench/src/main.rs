//! Measures Tenure beside the bare tools and beside what others publish. See README.md for how to read it.

mod bare;
mod child;
mod machine;
mod people;
mod scenarios;
mod table;
mod tenure;

use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use mimalloc::MiMalloc;

// The same as in the product, for what is measured in this process.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// What a measurement gives, or why there is none.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Measures Tenure. Tables go to standard output as Markdown, progress to standard error.
#[derive(Debug, Parser)]
#[command(name = "bench", max_term_width = 110)]
struct Arguments {
    /// What to measure; everything when nothing is named.
    #[arg(value_enum)]
    scenarios: Vec<Scenario>,
    /// How many people, instead of each scenario's own numbers.
    #[arg(long)]
    people: Option<usize>,
    /// Let slapd flush every write to the disk (scenario `writes`).
    #[arg(long)]
    durable: bool,
    #[command(subcommand)]
    part: Option<Part>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Scenario {
    /// A run that finds nothing to do, beside a bare fetch and a bare ldapsearch.
    Noop,
    /// Accounts created and modified, beside ldapadd and ldapmodify.
    Writes,
    /// Planning, mapping and joining alone, on one thread.
    Plan,
    /// The first import of many people, on SQLite and on PostgreSQL.
    Import,
    /// The scenarios for which midPoint publishes figures.
    Mapping,
    /// Accounts with passwords created in a Samba Active Directory, beside ldapadd. Needs root.
    Domain,
}

/// What the bench runs as a process of its own.
#[derive(Debug, Subcommand)]
enum Part {
    /// Fetches pages and drops them.
    #[command(hide = true)]
    BareFetch {
        /// The address of a page, up to the number of records before it.
        url: String,
        /// How many pages.
        pages: usize,
        /// The API key.
        key: String,
    },
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Outcome<()> {
    if let Some(Part::BareFetch { url, pages, key }) = &arguments.part {
        return bare::fetch::run(url, *pages, key);
    }
    let chosen = if arguments.scenarios.is_empty() {
        Scenario::value_variants()
    } else {
        &arguments.scenarios
    };
    println!("{}\n", machine::describe());
    for scenario in chosen {
        let table = match scenario {
            Scenario::Noop => scenarios::noop::measure(arguments.people)?,
            Scenario::Writes => scenarios::writes::measure(arguments.people, arguments.durable)?,
            Scenario::Plan => scenarios::plan::measure(arguments.people)?,
            Scenario::Import => scenarios::import::measure(arguments.people)?,
            Scenario::Mapping => scenarios::mapping::measure(arguments.people)?,
            Scenario::Domain => scenarios::domain::measure(arguments.people)?,
        };
        println!("{table}");
    }
    Ok(())
}
