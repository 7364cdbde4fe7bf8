// What a program asks of WASI preview 1, in Rust.
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::io::BufRead;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

fn main() {
    print!("args");
    for argument in std::env::args().skip(2) {
        print!(" [{}]", argument);
    }
    println!("\ncolour {}", std::env::var("COLOUR").unwrap_or_default());
    for line in std::io::stdin().lock().lines() {
        println!("in {}", line.unwrap().to_uppercase());
    }
    let begin = Instant::now();
    std::thread::sleep(Duration::from_millis(200));
    let slept = begin.elapsed();
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    println!("clock {}", since.as_secs() > 1_700_000_000);
    println!("slept {}", slept >= Duration::from_millis(200) && slept < Duration::from_secs(30));
    // The keys of every second map differ by one: those of two runs are what is random.
    println!("random {}", random() != 0 && random() != random());
    eprintln!("to stderr");
    std::process::exit(5);
}
