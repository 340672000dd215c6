//! Making the hash of a password: it is read without being shown, and never an argument, which others could see.

use std::io::{self, BufRead, IsTerminal, Write};

use gridtap_api::{PASSWORD_OCTETS_MAX, hash_password};
use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};

use crate::failure::Failure;

/// A terminal that does not show what is typed, until this is dropped.
struct Silent {
    before: Termios,
}

impl Silent {
    fn new() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut silent = before.clone();
        silent.local_flags.remove(LocalFlags::ECHO);
        silent.local_flags.insert(LocalFlags::ECHONL);
        tcsetattr(io::stdin(), SetArg::TCSAFLUSH, &silent)?;
        Ok(Self { before })
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        // A terminal that has gone needs nothing back.
        let _ = tcsetattr(io::stdin(), SetArg::TCSAFLUSH, &self.before);
    }
}

pub(crate) fn run() -> Result<(), Failure> {
    let password = if io::stdin().is_terminal() { asked()? } else { line()? };
    let hash = hash_password(&password).map_err(Failure::usage)?;
    writeln!(io::stdout().lock(), "{hash}")?;
    Ok(())
}

/// The password, typed twice.
fn asked() -> Result<String, Failure> {
    let _silent = Silent::new()?;
    let prompted = |prompt: &str| {
        let mut stderr = io::stderr().lock();
        stderr.write_all(prompt.as_bytes())?;
        stderr.flush()?;
        drop(stderr);
        line()
    };
    let first = prompted("Password: ")?;
    if prompted("Again: ")? != first {
        return Err(Failure::usage("the two passwords differ: type the same twice"));
    }
    Ok(first)
}

/// One line of standard input without its end.
fn line() -> Result<String, Failure> {
    let most = u64::try_from(PASSWORD_OCTETS_MAX).unwrap_or(u64::MAX).saturating_add(2);
    let mut line = String::new();
    io::Read::take(io::stdin().lock(), most).read_line(&mut line)?;
    let end = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(end);
    Ok(line)
}
