//! The `wardtrack` program: parse the command, run it, turn an error into an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    wardtrack::cli::main()
}
