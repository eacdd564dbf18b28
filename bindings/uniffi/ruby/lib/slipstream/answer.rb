# frozen_string_literal: true

# Answers of the library, converted to the records of this package.

module Slipstream
  # What the library answers, as what this package hands out.
  module Answer
    def self.entry(found)
      return unless found

      Entry.new(found.key, found.value, found.version, found.deleted, found.expires_at).freeze
    end

    def self.update(told)
      case told.kind
      when SlipstreamUniffi::UpdateKind::PUT
        Put.new(told.key, told.value, told.version, told.cursor)
      when SlipstreamUniffi::UpdateKind::DELETE
        Delete.new(told.key, told.version, told.cursor)
      else
        Purge.new(told.key, told.version, told.cursor, reason(told.kind))
      end.freeze
    end

    def self.reason(kind)
      case kind
      when SlipstreamUniffi::UpdateKind::PURGED then :purged
      when SlipstreamUniffi::UpdateKind::EXPIRED then :expired
      end
    end

    def self.info(told)
      limits = StoreLimits.new(*StoreLimits.members.map { |name| told.limits.public_send(name) })
      # What the generated code takes for a duration is a time since the epoch.
      limits.max_age &&= limits.max_age.to_f
      StoreInfo.new(
        told.keys, told.marks, told.bytes, told.version, told.incarnation, limits.freeze
      ).freeze
    end

    def self.capabilities(told)
      names = ConnectionCapabilities.members
      ConnectionCapabilities.new(*names.map { |name| told.public_send(name) }).freeze
    end
  end
  private_constant :Answer
end
