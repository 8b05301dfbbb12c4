//! `wardtrack bench`: measures wardtrack on real servers.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args as ClapArgs, Subcommand};

use crate::bench::ingest::{IngestBench, Servers};
use crate::bench::recall;
use crate::bench::search::SearchBench;
use crate::bench::supplies::SuppliesBench;
use crate::clock::Clock;
use crate::config::broker::ManagementArgs;
use crate::config::{BrokerArgs, DbArgs};

/// Arguments of `wardtrack bench`.
#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Measure the way of sightings from RabbitMQ into Postgres, beside the raw limits of both servers.
    ///
    /// In one run, all in sightings per second: the raw consume of this RabbitMQ (a client that only acknowledges), the raw
    /// limit of this Postgres (COPY by psql and UNNEST of the rows that wardtrack wrote), wardtrack's drain of a preloaded
    /// queue, and its sustained rate with a publisher beside it.
    ///
    /// The limit together is 1/(1/consume + 1/postgres): each sighting has to be consumed and its rows have to be written, so
    /// the times of both add up. wardtrack is compared with that.
    ///
    /// Everything lies in a database and a virtual host made for the run and taken away at its end, after Ctrl-C too. The
    /// database user needs the right CREATEDB. `scripts/bench` starts private servers and runs this. The last line of the
    /// output is one JSON object. A missed bar is said and is no failure, unless --check-ratio asks for it.
    Ingest(Box<IngestArgs>),
    /// Measure the page of results beside ingest, and its statements alone, at several sizes of the fleet.
    ///
    /// For each size a hospital is made in a database of its own. `wardtrack serve` and `wardtrack consume` run as processes; people
    /// who are signed in ask for results at an even rate, and a publisher sends sightings through RabbitMQ. In turns with the pages
    /// the same statements are run alone, for the same requests at the same rate. All times count from the moment at which a
    /// request was due.
    ///
    /// Databases and virtual hosts are taken away at the end, after Ctrl-C too. The database user needs the right CREATEDB.
    /// `scripts/bench search` starts private servers and runs this. The last line of the output is one JSON object. A missed bar is
    /// said and is no failure, unless --check asks for it.
    Search(Box<SearchArgs>),
    /// Measure how often a search offers what was meant among its first three.
    ///
    /// Seeded searches (names, brands, slang, one or two mistakes, swapped words, parts of numbers) over a catalogue of 50,000
    /// assets. Half of the seeds are for tuning, the figure that counts is that of the other half. Files search/*.csv with the
    /// columns `query` and `expected_type` of the acceptance folder are scored too.
    ///
    /// Everything lies in a database made for the run and taken away at its end. The database user needs the right CREATEDB.
    Recall(RecallArgs),
    /// Measure how fast the ledger of stock takes moves, beside plain inserts of the same rows, and how long looking for what is to be
    /// ordered takes.
    ///
    /// In one run and in turns: moves in batches and one by one (a commit each), each followed by levels, alerts and suggestions, and
    /// the same rows into a table from which nothing follows. Then all rules at once, and how many of them one move looks at.
    ///
    /// Everything lies in a database made for the run and taken away at its end. The database user needs the right CREATEDB.
    /// `scripts/bench supplies` starts a private server and runs this. The last line of the output is one JSON object.
    Supplies(SuppliesArgs),
}

#[derive(Debug, ClapArgs)]
struct SuppliesArgs {
    /// Items and places with a rule.
    #[arg(long, default_value_t = 100_000, value_name = "N", value_parser = clap::value_parser!(u32).range(50..=2_000_000))]
    rules: u32,
    /// Moves in batches, in each round.
    #[arg(long, default_value_t = 20_000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    moves: u32,
    /// Moves one by one, in each round.
    #[arg(long, default_value_t = 1_000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    singles: u32,
    /// Turns of postings and plain inserts.
    #[arg(long, default_value_t = 3, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// A small load that shows that the command works: its figures say little.
    #[arg(long, conflicts_with_all = ["rules", "moves", "singles", "rounds"])]
    quick: bool,
    #[command(flatten)]
    db: DbArgs,
}

#[derive(Debug, ClapArgs)]
struct SearchArgs {
    /// Sizes of the fleet, measured one after the other.
    #[arg(long, default_value = "100000,1000000", value_delimiter = ',', value_name = "N", value_parser = clap::value_parser!(u32).range(1_000..=5_000_000))]
    assets: Vec<u32>,
    /// Length of each of the two measurements of a size, in seconds.
    #[arg(long, default_value_t = 60, value_name = "S", value_parser = clap::value_parser!(u64).range(1..=3_600))]
    seconds: u64,
    /// Seconds of the same load before each of them, not counted.
    #[arg(long, default_value_t = 10, value_name = "S", value_parser = clap::value_parser!(u64).range(1..=600))]
    warm_up_seconds: u64,
    /// Requests a second.
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rate: u32,
    /// Sightings a second beside them.
    #[arg(long, default_value_t = 5_000, value_name = "N", value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    sightings_per_s: u32,
    /// Seed of requests and sightings.
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// A small load, done in about half a minute, that shows that the command works: its figures say little.
    #[arg(long, conflicts_with_all = ["assets", "seconds", "warm_up_seconds", "rate", "sightings_per_s"])]
    quick: bool,
    /// Exit with 1 when the bar is missed.
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    broker: BrokerArgs,
    #[command(flatten)]
    management: ManagementArgs,
    #[command(flatten)]
    db: DbArgs,
}

#[derive(Debug, ClapArgs)]
struct RecallArgs {
    /// Folder with further searches.
    #[arg(
        long,
        env = "WARDTRACK_ACCEPTANCE_DATA",
        default_value = "../shared",
        value_name = "FOLDER"
    )]
    folder: PathBuf,
    /// Print the searches of the tuning half that missed.
    #[arg(long)]
    show_missed: bool,
    /// Exit with 1 when the unseen half is below this share.
    #[arg(long, value_name = "RATIO", value_parser = parse_ratio)]
    check_ratio: Option<f64>,
    #[command(flatten)]
    db: DbArgs,
}

#[derive(Debug, ClapArgs)]
struct IngestArgs {
    /// Registered tags, each on an asset of its own.
    #[arg(long, default_value_t = 50_000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    tags: u32,
    /// Readers, one in each room.
    #[arg(long, default_value_t = 500, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    readers: u32,
    /// Length of the measurement with the publisher beside the consumer, in seconds.
    #[arg(long, default_value_t = 60, value_name = "S", value_parser = clap::value_parser!(u64).range(1..=3_600))]
    seconds: u64,
    /// Seconds of the same load before that measurement, not counted.
    #[arg(long, default_value_t = 10, value_name = "S", value_parser = clap::value_parser!(u64).range(1..=600))]
    warm_up_seconds: u64,
    /// Messages of the preloaded queue. The default is a minute of event time, so that every kind of write is in it.
    #[arg(long, default_value_t = 60_000, value_name = "N", value_parser = clap::value_parser!(u64).range(100..=1_000_000))]
    messages: u64,
    /// Sightings of a message.
    #[arg(long, default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=2_000))]
    batch: u16,
    /// A tag beacons this often, in milliseconds.
    #[arg(long, default_value_t = 2_000, value_name = "MS", value_parser = clap::value_parser!(i64).range(100..=60_000))]
    beacon_every_ms: i64,
    /// Seed of the load.
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// Messages taken from the broker ahead of their acknowledgement, by wardtrack and by the bare consumer.
    #[arg(long, default_value_t = 500, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=2_000))]
    prefetch: u16,
    /// The publisher pauses while more messages than this wait in the queue.
    #[arg(long, default_value_t = 1_000, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    queue_max: u64,
    /// A small load, done in less than 40 seconds, that shows that the command works: its figures say little.
    #[arg(long, conflicts_with_all = ["tags", "readers", "seconds", "warm_up_seconds", "messages"])]
    quick: bool,
    /// Exit with 1 when drain or sustained rate are below this share of the limit together.
    #[arg(long, value_name = "RATIO", value_parser = parse_ratio)]
    check_ratio: Option<f64>,
    /// The psql program.
    #[arg(
        long,
        env = "WARDTRACK_PSQL",
        default_value = "psql",
        value_name = "PROGRAM"
    )]
    psql: String,
    #[command(flatten)]
    broker: BrokerArgs,
    #[command(flatten)]
    management: ManagementArgs,
    #[command(flatten)]
    db: DbArgs,
}

/// Runs the command.
///
/// # Errors
/// When a server cannot be used, the run is interrupted, or a figure is below `--check-ratio`.
pub async fn run(args: Args) -> anyhow::Result<()> {
    match args.what {
        What::Ingest(args) => ingest(*args).await,
        What::Search(args) => search(*args).await,
        What::Recall(args) => recall(args).await,
        What::Supplies(args) => supplies(args).await,
    }
}

async fn search(args: SearchArgs) -> anyhow::Result<()> {
    let mut bench = SearchBench {
        assets: args.assets,
        measured: Duration::from_secs(args.seconds),
        warm_up: Duration::from_secs(args.warm_up_seconds),
        rate: args.rate,
        sightings_per_s: args.sightings_per_s,
        seed: args.seed,
    };
    if args.quick {
        bench = SearchBench {
            assets: vec![2_000, 20_000],
            measured: Duration::from_secs(4),
            warm_up: Duration::from_secs(1),
            rate: 20,
            sightings_per_s: 1_000,
            ..bench
        };
    }
    let servers = Servers {
        database_url: args.db.url()?,
        broker: args.broker,
        management: args.management,
    };
    let report = bench.run(&servers, &args.db, &Clock::system()).await?;
    println!("{}", report.table());
    println!("{}", report.json());
    anyhow::ensure!(
        !args.check || report.is_bar_met(),
        "the bar is missed, see above"
    );
    Ok(())
}

async fn supplies(args: SuppliesArgs) -> anyhow::Result<()> {
    let mut bench = SuppliesBench {
        rules: args.rules,
        moves: args.moves,
        singles: args.singles,
        rounds: args.rounds,
    };
    if args.quick {
        bench = SuppliesBench {
            rules: 1_000,
            moves: 1_000,
            singles: 20,
            rounds: 1,
        };
    }
    let report = bench.run(&args.db.url()?, Clock::system().now()).await?;
    print!("{}", report.table());
    println!("{}", report.json());
    Ok(())
}

async fn recall(args: RecallArgs) -> anyhow::Result<()> {
    let folder = args.folder.is_dir().then_some(args.folder.as_path());
    let report = recall::run(&args.db.url()?, folder, Clock::system().now()).await?;
    for line in report.lines() {
        println!("{line}");
    }
    if args.show_missed {
        for line in &report.tuning.missed {
            println!("missed: {line}");
        }
    }
    if let Some(ratio) = args.check_ratio {
        let share = report.unseen.share();
        anyhow::ensure!(share >= ratio, "{share:.3} is below --check-ratio {ratio}");
    }
    Ok(())
}

async fn ingest(args: IngestArgs) -> anyhow::Result<()> {
    let mut bench = IngestBench {
        tags: args.tags,
        readers: args.readers,
        sightings_per_message: usize::from(args.batch),
        messages: args.messages,
        sustained: Duration::from_secs(args.seconds),
        warm_up: Duration::from_secs(args.warm_up_seconds),
        beacon_every_ms: args.beacon_every_ms,
        seed: args.seed,
        prefetch: args.prefetch,
        queue_max: args.queue_max,
        psql: args.psql,
    };
    if args.quick {
        bench = IngestBench {
            tags: 5_000,
            readers: 50,
            messages: 3_000,
            sustained: Duration::from_secs(6),
            warm_up: Duration::from_secs(2),
            ..bench
        };
    }
    anyhow::ensure!(
        bench.readers <= bench.tags,
        "--readers {} is more than --tags {}: every room needs a tag, or its reader would never fill a message",
        bench.readers,
        bench.tags
    );
    let servers = Servers {
        database_url: args.db.url()?,
        broker: args.broker,
        management: args.management,
    };
    let report = bench.run(&servers, &Clock::system()).await?;
    println!("{}", report.table());
    println!("{}", report.json());
    let lowest = report.drain_ratio().min(report.sustained_ratio());
    if let Some(ratio) = args.check_ratio {
        anyhow::ensure!(
            lowest >= ratio,
            "{lowest:.3} of the limit together is below --check-ratio {ratio}"
        );
    }
    Ok(())
}

fn parse_ratio(text: &str) -> Result<f64, String> {
    let ratio = text
        .parse::<f64>()
        .ok()
        .filter(|ratio| (0.0..=1.0).contains(ratio));
    ratio.ok_or_else(|| "write a number from 0 to 1, such as 0.25".to_owned())
}
