//! The manual page and completions, from the command line's own description.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::arguments::Arguments;
use crate::failure::Failure;

/// Prints the page of the whole program, or writes one page a command into a directory.
pub(crate) fn man(out: Option<&Path>) -> Result<(), Failure> {
    let command = Arguments::command();
    match out {
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(command).render(&mut page)?;
            io::stdout().lock().write_all(&page)?;
        }
        Some(directory) => {
            fs::create_dir_all(directory)?;
            clap_mangen::generate_to(command, directory)?;
        }
    }
    Ok(())
}

/// Prints completions for a shell.
pub(crate) fn completions(shell: Shell) -> Result<(), Failure> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "gridtap", &mut text);
    io::stdout().lock().write_all(&text)?;
    Ok(())
}
