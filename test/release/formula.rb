# Homebrew as far as a formula can see it: prints what one machine would install, as JSON.
#
#   ruby formula.rb slipway.rb OS CPU      OS: macos or linux; CPU: arm or intel
require "json"

FILE, OS, CPU = ARGV

# Records each stanza with its value, in the order in which they stand.
class Formula
  class << self
    def stanzas = @stanzas ||= []

    %i[desc homepage version license url sha256].each do |name|
      define_method(name) do |*value|
        found = stanzas.find { |stanza,| stanza == name }
        return found&.last if value.empty?
        raise "#{name} is set twice" if found

        stanzas << [name, *value]
      end
    end

    def on_macos = (yield if OS == "macos")
    def on_linux = (yield if OS == "linux")
    def on_arm = (yield if CPU == "arm")
    def on_intel = (yield if CPU == "intel")

    def test(&block) = define_method(:run_test, &block)
  end

  # The directory of the installed programs.
  class Bin
    attr_reader :installed

    def install(*names) = (@installed ||= []).concat(names)
    def to_s = "/brew/bin"
  end

  def bin = @bin ||= Bin.new
  def version = self.class.version

  # Homebrew's assertions are minitest's. Whether they hold is for the machine that has the program.
  def shell_output(command) = (@commands ||= []).push(command) && ""
  def assert_match(expected, _found) = (@expected ||= []).push(expected)

  def told
    install
    run_test
    { stanzas: self.class.stanzas, installed: bin.installed, commands: @commands, expected: @expected }
  end
end

load FILE
puts JSON.generate(Slipway.new.told)
