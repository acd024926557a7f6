#!/usr/bin/perl
# Each text file becomes a page: its first line the title, blank lines part the paragraphs.
use strict;
use warnings;

mkdir 'public';
for my $file (@ARGV) {
    open my $in, '<', $file or die "$file: $!";
    chomp(my $title = <$in>);
    my $text = do { local $/; <$in> };
    my $paragraphs = join "\n", map { "<p>$_</p>" } grep { /\S/ } split /\n\s*\n/, $text;
    (my $page = $file) =~ s{.*/(.*)\.txt$}{$1.html};
    open my $out, '>', "public/$page" or die "$page: $!";
    print $out "<!doctype html><title>$title</title>\n<h1>$title</h1>\n$paragraphs\n";
}
