//! What the README promises about its code: the strategy in it is the example's, letter by letter, and short.

const README: &str = include_str!("../README.md");
const EXAMPLE: &str = include_str!("../examples/custom_strategy.rs");

#[test]
fn the_strategy_in_the_readme_is_the_example() {
    let blocks: Vec<&str> =
        README.split("```rust\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(blocks, [EXAMPLE], "README.md and examples/custom_strategy.rs differ");
}

#[test]
fn the_example_is_a_whole_program_in_under_40_lines() {
    assert!(EXAMPLE.contains("impl Strategy for") && EXAMPLE.contains("fn main()"));
    let lines = EXAMPLE.lines().count();
    assert!(lines < 40, "{lines} lines");
}
