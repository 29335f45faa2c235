//! The `ma` command.

fn main() -> std::process::ExitCode {
    ma_cli::main()
}
