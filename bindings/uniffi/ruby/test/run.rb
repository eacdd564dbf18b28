# frozen_string_literal: true

# Runs every test of this package.

Dir[File.join(__dir__, "*_test.rb")].sort.each { |file| require file }
