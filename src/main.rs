use std::process::ExitCode;

fn main() -> ExitCode {
    commander::cli::main()
}
