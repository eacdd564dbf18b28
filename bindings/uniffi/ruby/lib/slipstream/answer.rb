# frozen_string_literal: true

module Slipstream
  # What the library answers, as what this package hands out.
  module Answer
    def self.entry(found)
      found && Entry.new(found.key, found.value, found.version).freeze
    end

    def self.update(told)
      case told.kind
      when SlipstreamUniffi::UpdateKind::PUT
        Put.new(told.key, told.value, told.version, told.cursor)
      when SlipstreamUniffi::UpdateKind::DELETE
        Delete.new(told.key, told.version, told.cursor)
      else
        Purge.new(told.key, told.version, told.cursor)
      end.freeze
    end

    def self.capabilities(told)
      names = ConnectionCapabilities.members
      ConnectionCapabilities.new(*names.map { |name| told.public_send(name) }).freeze
    end
  end
  private_constant :Answer
end
